#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"persistentvolumes",
                                      [] { return std::make_unique<Plain<corev1::PersistentVolume>>(Names{"persistentvolumes", "persistentvolume", {"pv"}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
