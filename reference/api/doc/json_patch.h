// RFC 6902 on Doc, with the API server's limits and the wording of errors that its clients see.
//
// The error's http_status tells how the API server answers: 400 for a patch that is no patch, 413 for too many operations or
// copies, 422 (reason Invalid) for a patch that does not apply, a failed test included.
#pragma once

#include "reference/api/doc/document.h"

namespace plumb::api {

struct JsonPatchOptions {
  std::size_t operations = 10'000;
  std::size_t copied_bytes = 3 * 1024 * 1024;  // JSON length of all values that "copy" adds
  std::size_t depth = 10'000;
  // Array indices counted from behind (for add, -1 appends): beyond the RFC, but upstream's API server takes them.
  bool negative_indices = true;
};

Result<Doc> apply_json_patch(const Doc& document, const Doc& patch, const JsonPatchOptions& options = {});

}  // namespace plumb::api
