#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"configmaps",
                                      [] { return std::make_unique<Plain<corev1::ConfigMap>>(Names{"configmaps", "configmap", {"cm"}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
