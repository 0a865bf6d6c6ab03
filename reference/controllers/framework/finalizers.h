// Finalizers on objects: whether one is there, and copies with and without it.
#pragma once

#include <memory>
#include <string_view>

#include "reference/api/object.h"

namespace plumb::controllers {

bool has_finalizer(const api::Object& object, std::string_view finalizer);
std::shared_ptr<api::Object> with_finalizer(const api::Object& object, std::string_view finalizer);
std::shared_ptr<api::Object> without_finalizer(const api::Object& object, std::string_view finalizer);

}  // namespace plumb::controllers
