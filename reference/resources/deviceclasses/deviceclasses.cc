#include "reference/api/types/resourcev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_deviceclasses{"deviceclasses.resource.k8s.io",
                                      [] { return std::make_unique<Plain<resourcev1::DeviceClass>>(Names{"deviceclasses", "deviceclass", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
