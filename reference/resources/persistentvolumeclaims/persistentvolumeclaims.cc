#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"persistentvolumeclaims",
                                      [] { return std::make_unique<Plain<corev1::PersistentVolumeClaim>>(Names{"persistentvolumeclaims", "persistentvolumeclaim", {"pvc"}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
