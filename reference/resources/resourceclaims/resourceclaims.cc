#include "reference/api/types/resourcev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_resourceclaims{"resourceclaims.resource.k8s.io",
                                      [] { return std::make_unique<Plain<resourcev1::ResourceClaim>>(Names{"resourceclaims", "resourceclaim", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
