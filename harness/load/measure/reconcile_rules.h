// What a controller has to do for each kind of object, as far as a watcher of the API can see it.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace plumb::harness {

// One object of an event; what is absent reads as the default.
class ObjectReader {
 public:
  explicit ObjectReader(const simdjson::dom::element& object) : object_(object) {}
  std::int64_t number(const char* pointer, std::int64_t absent = 0) const;
  std::string_view text(const char* pointer) const;
  bool has(const char* pointer) const;
  // The status of one of /status/conditions.
  std::string_view condition(std::string_view type) const;
  std::string_view owner_uid() const;  // of the owner that is the controller, else of the first
  const simdjson::dom::element& object() const { return object_; }

 private:
  const simdjson::dom::element& object_;
};

// What tells that a user changed an object.
enum class Revision {
  generation,  // metadata.generation; what status.observedGeneration answers
  spec,        // the spec is another
  none,        // only its creation and deletion count
};

struct ReconcileRule {
  const char* kind;
  Revision revision;
  bool (*converged)(const ObjectReader& object);
  // Collections whose objects depend on it, through owners or owners' owners: "apps/v1/replicasets". With `in_namespace` an object of the
  // collection depends on the one that its namespace is called after.
  std::vector<const char*> dependents;
  bool in_namespace = false;
  // How many dependents there must be besides (of slices: how many endpoints); none: what the object says is enough.
  std::int64_t (*wanted)(const ObjectReader& object) = nullptr;
};

// not_found names the kinds that there are.
Result<const ReconcileRule*> reconcile_rule(std::string_view kind);

}  // namespace plumb::harness
