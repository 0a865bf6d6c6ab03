#include "reference/api/types/flowcontrolv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_flowschemas{"flowschemas.flowcontrol.apiserver.k8s.io",
                                      [] { return std::make_unique<Plain<flowcontrolv1::FlowSchema>>(Names{"flowschemas", "flowschema", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
