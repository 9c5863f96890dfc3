#include "dataset/parallel_loader.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace quant::test {
namespace {

using ::testing::ElementsAre;

/// Samples whose label is their index; counts how many were loaded and are not used yet.
class CountingDataset : public Dataset {
 public:
  explicit CountingDataset(size_t size, size_t failing = SIZE_MAX) : size_(size), failing_(failing) {}
  [[nodiscard]] size_t size() const override { return size_; }
  [[nodiscard]] Sample load(size_t index) const override {
    if (index == failing_) throw std::runtime_error("sample " + std::to_string(index));
    // Later samples of a group of four are ready first.
    std::this_thread::sleep_for(std::chrono::microseconds(300 * (3 - index % 4)));
    most_in_flight = std::max(most_in_flight.load(), ++loaded - used.load());
    return {std::to_string(index), {}, static_cast<int64_t>(index)};
  }
  [[nodiscard]] DatasetKind kind() const override { return DatasetKind::kArrays; }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return classes_; }
  [[nodiscard]] std::string description() const override { return ""; }
  [[nodiscard]] const std::optional<Preprocess>& preprocess() const override { return preprocess_; }

  mutable std::atomic<int> loaded = 0;
  mutable std::atomic<int> most_in_flight = 0;
  std::atomic<int> used = 0;

 private:
  size_t size_;
  size_t failing_;
  std::vector<std::string> classes_;
  std::optional<Preprocess> preprocess_;
};

TEST(ForEachSample, DeliversInOrder) {
  for (const size_t threads : {0, 1, 3, 8}) {
    const CountingDataset dataset(50);
    int64_t next = 0;
    forEachSample(dataset, threads, [&](size_t index, Sample&& sample) {
      EXPECT_EQ(sample.label, next);
      EXPECT_EQ(static_cast<int64_t>(index), next++);
    });
    EXPECT_EQ(next, 50);
  }
}

TEST(ForEachSample, KeepsFewSamplesInMemory) {
  CountingDataset dataset(40);
  forEachSample(dataset, 2, [&](size_t, Sample&&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++dataset.used;
  });
  // Four that wait, and the one in use.
  EXPECT_LE(dataset.most_in_flight, 5);
  EXPECT_GE(dataset.most_in_flight, 2);
}

TEST(ForEachSample, PassesOnErrorsOfLoadingInTheirTurn) {
  const CountingDataset dataset(20, 7);
  size_t delivered = 0;
  const auto run = [&] { forEachSample(dataset, 4, [&](size_t, Sample&&) { ++delivered; }); };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_EQ(delivered, 7U);
}

TEST(ForEachSample, StopsReadingWhenUseThrows) {
  const CountingDataset dataset(1000);
  const auto run = [&] { forEachSample(dataset, 2, [](size_t, Sample&&) { throw std::logic_error("enough"); }); };
  EXPECT_THROW(run(), std::logic_error);
  EXPECT_LE(dataset.loaded, 7);  // four slots, the one taken, and two that were being read
}

TEST(ForEachSample, DoesNothingForNoSamples) {
  const CountingDataset dataset(0);
  forEachSample(dataset, 2, [](size_t, Sample&&) { FAIL(); });
}

}  // namespace
}  // namespace quant::test
