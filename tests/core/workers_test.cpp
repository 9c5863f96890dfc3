#include "core/workers.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/interrupt.h"

namespace quant {
namespace {

TEST(Workers, DoEveryIndexOnce) {
  for (const int threads : {1, 2, 5}) {
    std::vector<std::atomic<int>> done(100);
    forEachIndex(done.size(), {threads, nullptr}, [&](size_t i) { ++done[i]; });
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

TEST(Workers, AreNotMoreThanTheIndices) {
  EXPECT_EQ(workerCount(0, {4, nullptr}), 0);
  EXPECT_EQ(workerCount(3, {4, nullptr}), 3);
  EXPECT_EQ(workerCount(9, {4, nullptr}), 4);
  EXPECT_EQ(workerCount(1000, {}), static_cast<size_t>(omp_get_max_threads()));
}

TEST(Workers, MakeATaskEachOnTheirOwnThread) {
  std::mutex mutex;
  std::set<size_t> numbers;
  std::set<std::thread::id> threads;
  runWorkers(30, {3, nullptr}, [&](size_t worker) -> Task {
    const std::lock_guard lock(mutex);
    numbers.insert(worker);
    threads.insert(std::this_thread::get_id());
    return [&, thread = std::this_thread::get_id()](size_t) { EXPECT_EQ(std::this_thread::get_id(), thread); };
  });
  EXPECT_EQ(numbers, (std::set<size_t>{0, 1, 2}));
  EXPECT_EQ(threads.size(), 3);
}

TEST(Workers, HaveOneThreadForWhatRunsInside) {
  const int before = omp_get_max_threads();
  for (const int threads : {1, 2}) {
    forEachIndex(8, {threads, nullptr}, [](size_t) {
      EXPECT_EQ(omp_get_max_threads(), 1);
      int seen = 0;
#pragma omp parallel
#pragma omp atomic
      ++seen;
      EXPECT_EQ(seen, 1);
    });
    EXPECT_EQ(omp_get_max_threads(), before);
  }
}

TEST(Workers, PassTheExceptionOfTheLowestIndexOn) {
  for (int round = 0; round < 50; ++round) {
    try {
      forEachIndex(100, {4, nullptr}, [](size_t i) {
        if (i % 10 == 7) throw std::runtime_error(std::to_string(i));
      });
      FAIL() << "no exception";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "7");
    }
  }
}

TEST(Workers, PassExceptionsOfMakingATaskOn) {
  EXPECT_THROW(runWorkers(5, {2, nullptr}, [](size_t) -> Task { throw std::runtime_error("no"); }), std::runtime_error);
}

TEST(Workers, StopHandingOutAfterAnException) {
  std::atomic<int> done = 0;
  EXPECT_THROW(forEachIndex(1'000'000, {2, nullptr},
                            [&](size_t i) {
                              if (i == 0) throw std::runtime_error("no");
                              std::this_thread::sleep_for(std::chrono::microseconds(100));
                              ++done;
                            }),
               std::runtime_error);
  EXPECT_LT(done, 100'000);
}

TEST(Workers, TellTheCallerHowFarTheyAre) {
  const auto caller = std::this_thread::get_id();
  std::vector<int64_t> reports;
  const Progress progress = [&](int64_t done, int64_t total) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(total, 40);
    EXPECT_GE(done, reports.empty() ? 0 : reports.back());
    reports.push_back(done);
  };
  forEachIndex(40, {2, progress}, [](size_t) {});
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(reports.back(), 40);
}

TEST(Workers, StopWhenTheUserInterrupts) {
  const auto interrupted = [] {
    catchInterrupts();
    int done = 0;
    try {
      forEachIndex(10, {1, nullptr}, [&](size_t i) {
        ++done;
        if (i == 3) std::raise(SIGINT);
      });
    } catch (const Interrupted&) {
      std::_Exit(done == 4 ? 42 : 1);
    }
    std::_Exit(2);
  };
  testing::FLAGS_gtest_death_test_style = "threadsafe";  // a process of its own: fork and OpenMP's threads do not mix
  EXPECT_EXIT(interrupted(), testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace quant
