// Assertions whose failure shows what was expected and what there was, where gtest's own would show positions and addresses:
//   EXPECT_TRUE(has(text, "part"));
//   EXPECT_TRUE(has(at(object, "/verbs"), "watch"));
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace plumb::harness {

inline ::testing::AssertionResult has(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "expected to find \"" << part << "\" in:\n" << text;
}

// Of an array of JSON.
inline ::testing::AssertionResult has(const nlohmann::json& values, const nlohmann::json& value) {
  if (values.is_array() && std::find(values.begin(), values.end(), value) != values.end()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "expected " << value.dump() << " to be one of " << values.dump();
}

}  // namespace plumb::harness
