#include "reference/api/types/flowcontrolv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_prioritylevelconfigurations{"prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
                                      [] { return std::make_unique<Plain<flowcontrolv1::PriorityLevelConfiguration>>(Names{"prioritylevelconfigurations", "prioritylevelconfiguration", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
