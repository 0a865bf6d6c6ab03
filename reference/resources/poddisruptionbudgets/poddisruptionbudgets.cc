#include "reference/api/types/policyv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"poddisruptionbudgets.policy",
                                      [] { return std::make_unique<Plain<policyv1::PodDisruptionBudget>>(Names{"poddisruptionbudgets", "poddisruptionbudget", {"pdb"}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
