#include "reference/api/types/appsv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"replicasets.apps",
                                      [] { return std::make_unique<Plain<appsv1::ReplicaSet>>(Names{"replicasets", "replicaset", {"rs"}, {"all"}, true}); }};

}  // namespace
}  // namespace plumb::resources
