#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"replicationcontrollers",
                                      [] { return std::make_unique<Plain<corev1::ReplicationController>>(Names{"replicationcontrollers", "replicationcontroller", {"rc"}, {"all"}, true}); }};

}  // namespace
}  // namespace plumb::resources
