// Strategic merge patch: a merge patch that knows, from the schema, which lists are merged and by which key.
//
// Directives, as upstream has them: in an object $patch: replace|delete and $retainKeys; in a list of objects an element with
// $patch: delete|replace; beside a list $deleteFromPrimitiveList/<field> and $setElementOrder/<field>. Errors carry upstream's
// wording: 400 for a malformed patch, 422 (reason Invalid) for one that does not fit the object.
#pragma once

#include <optional>
#include <string_view>

#include "reference/api/doc/document.h"

namespace plumb::api {

// What the type of an object says about its fields. Implementations outlive the call.
class PatchSchema {
 public:
  enum class Kind { object, list, scalar };  // a map of strings to anything is an object
  struct Field {
    Kind kind = Kind::scalar;
    const PatchSchema* child = nullptr;  // of the object, or of the list's items; nullptr: nothing is known below
    bool merge_list = false;             // patchStrategy merge: lists only
    bool replace = false;                // patchStrategy replace: objects are replaced whole
    std::string_view merge_key;          // patchMergeKey; empty for lists of scalars
  };

  virtual ~PatchSchema() = default;
  // nullopt: the type has no such field; objects then merge, lists are replaced.
  virtual std::optional<Field> field(std::string_view name) const = 0;
};

Result<Doc> apply_strategic_merge_patch(const Doc& document, const Doc& patch, const PatchSchema& schema);

}  // namespace plumb::api
