#pragma once

#include <string>

#include "core/error.h"

namespace quant::test {

/// What `action` throws as a quant::Error says; "no error" when it does not throw one.
template <class Action>
std::string messageOf(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace quant::test
