// Container image references, as far as defaults and printing need them.
#pragma once

#include <string>
#include <string_view>

namespace plumb::resources {

// The tag of a reference: "latest" when it has neither tag nor digest, empty when it has only a digest or is malformed.
std::string image_tag(std::string_view reference);
// Upstream's rule: Always for the tag latest, else IfNotPresent.
std::string_view default_pull_policy(std::string_view reference);

}  // namespace plumb::resources
