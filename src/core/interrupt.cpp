#include "core/interrupt.h"

#include <csignal>

namespace quant {

namespace {

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t interrupt_requested = 0;

void onSignal(int signal) {
  interrupt_requested = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catchInterrupts() {
  std::signal(SIGINT, onSignal);
  std::signal(SIGTERM, onSignal);
}

void throwIfInterrupted() {
  if (interrupt_requested != 0) throw Interrupted();
}

}  // namespace quant
