// Helpers for tests of resources: tables of JSON in and what comes of it. A resource is named as it is registered ("deployments.apps").
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "reference/resources/resource.h"

namespace plumb::resources::testing {

const Resource& resource(const std::string& name);
// Decoded, with defaults. A text that does not decode fails the test.
std::shared_ptr<api::Object> object(const std::string& name, std::string_view json);
// Decoded as it stands.
std::shared_ptr<api::Object> raw_object(const std::string& name, std::string_view json);

// The value at a JSON pointer ("/spec/containers/0/image") of the object as compact JSON; "" where there is nothing.
std::string at(const api::Object& object, std::string_view path);

struct Default {
  std::string_view path, value;
};
// Each path has the value once defaults are set; setting them twice changes nothing.
void expect_defaults(const std::string& name, std::string_view json, const std::vector<Default>& expected);

using Lines = std::vector<std::string>;
// Each error as "field: message".
Lines causes(const std::string& name, std::string_view json);
// What is looked at when an object is made, and not later.
Lines create_causes(const std::string& name, std::string_view json);
Lines status_causes(const std::string& name, std::string_view previous, std::string_view next);
Lines update_causes(const std::string& name, std::string_view previous, std::string_view next);

// The cells as text, of columns up to that priority.
Lines cells(const std::string& name, std::string_view json, WallTime now, int priority = 1);
WallTime time(std::string_view rfc3339);

}  // namespace plumb::resources::testing
