// The table of a type as strategic merge patch reads it.
#pragma once

#include "reference/api/doc/strategic_merge_patch.h"
#include "reference/api/type_info.h"

namespace plumb::apiserver {

// One for each type met, kept for the life of the program. Safe from any thread.
const api::PatchSchema& patch_schema(const api::TypeInfo& type);

}  // namespace plumb::apiserver
