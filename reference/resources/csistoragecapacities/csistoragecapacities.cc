#include "reference/api/types/storagev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"csistoragecapacities.storage.k8s.io",
                                      [] { return std::make_unique<Plain<storagev1::CSIStorageCapacity>>(Names{"csistoragecapacities", "csistoragecapacity", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
