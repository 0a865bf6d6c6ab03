// How transcripts show what belongs to Services, what claims and volumes are bound to, and what a ClusterRole allows, in one line.
#pragma once

#include <optional>
#include <string>

#include "reference/api/object.h"

namespace plumb::controllers {

// nullopt for other types.
std::optional<std::string> summary_of(const api::Object& object);

}  // namespace plumb::controllers
