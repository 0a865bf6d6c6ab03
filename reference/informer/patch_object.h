// Patches on typed objects, for the transports that carry them out in this process.
#pragma once

#include <memory>
#include <string_view>

#include "reference/informer/client.h"

namespace plumb::informer {

// The object after the patch; the object itself is untouched. Errors carry the API's reason and code: BadRequest 400, Invalid 422.
Result<std::shared_ptr<api::Object>> patch_object(const api::Object& object, PatchType type, std::string_view patch);

}  // namespace plumb::informer
