#include "reference/api/types/nodev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"runtimeclasses.node.k8s.io",
                                      [] { return std::make_unique<Plain<nodev1::RuntimeClass>>(Names{"runtimeclasses", "runtimeclass", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
