#include "reference/api/types/discoveryv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"endpointslices.discovery.k8s.io",
                                      [] { return std::make_unique<Plain<discoveryv1::EndpointSlice>>(Names{"endpointslices", "endpointslice", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
