#include "reference/api/types/resourcev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_resourceslices{"resourceslices.resource.k8s.io",
                                      [] { return std::make_unique<Plain<resourcev1::ResourceSlice>>(Names{"resourceslices", "resourceslice", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
