#include "reference/api/types/coordinationv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"leases.coordination.k8s.io",
                                      [] { return std::make_unique<Plain<coordinationv1::Lease>>(Names{"leases", "lease", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
