#include "reference/api/types/resourcev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_resourceclaimtemplates{"resourceclaimtemplates.resource.k8s.io",
                                      [] { return std::make_unique<Plain<resourcev1::ResourceClaimTemplate>>(Names{"resourceclaimtemplates", "resourceclaimtemplate", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
