// What every object's metadata must satisfy, and what the API server itself writes there. Upstream's rules and texts.
#pragma once

#include <optional>
#include <string_view>

#include "harness/base/clock.h"
#include "reference/api/object.h"
#include "reference/apiserver/status.h"
#include "reference/resources/resource.h"

namespace plumb::apiserver {

// Namespace from the path, name from generateName, uid, creation time, generation; clears what clients may not set.
// An error when the object names another namespace than the path; objects without one lose what they name.
std::optional<metav1::Status> prepare_new_metadata(const resources::Resource& resource, std::string_view namespace_, api::Object& object, WallTime now);
// An update's body must speak of the object on the URL: 400 otherwise.
std::optional<metav1::Status> check_name(const metav1::ObjectMeta& body, std::string_view namespace_, std::string_view name);
// `base` with a random suffix, cut so that the name stays within 63 bytes.
std::string generated_name(std::string_view base);

// Keeps what an update may not change, ignores what only the server writes.
void keep_metadata(api::Object& next, const api::Object& current);

void validate_metadata(const resources::Resource& resource, const metav1::ObjectMeta& metadata, resources::FieldErrors& errors);
void validate_metadata_update(const metav1::ObjectMeta& next, const metav1::ObjectMeta& current, resources::FieldErrors& errors);

}  // namespace plumb::apiserver
