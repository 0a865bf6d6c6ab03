// PATCH: the three kinds of patches, applied to an object on its JSON form with the type's table as the schema.
#pragma once

#include "reference/apiserver/http/call.h"

namespace plumb::apiserver {

// A transform that applies the request's body. 415 for a patch of another kind; server-side apply is not supported.
ApiResult<Transform> read_patch(const CallPtr& call, const Resource& resource);

}  // namespace plumb::apiserver
