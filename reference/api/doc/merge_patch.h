// RFC 7396: members of the patch replace or, when null, remove those of the document; arrays are replaced whole.
#pragma once

#include "reference/api/doc/document.h"

namespace plumb::api {

// invalid_argument (400) unless the patch is an object: the API server patches objects only.
Result<Doc> apply_merge_patch(const Doc& document, const Doc& patch);

}  // namespace plumb::api
