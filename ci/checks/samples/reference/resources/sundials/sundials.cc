#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"sundials",
                                      [] { return std::make_unique<Plain<corev1::ConfigMap>>(Names{"sundials", "sundial", {"sun"}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
