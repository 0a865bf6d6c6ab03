#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"secrets",
                                      [] { return std::make_unique<Plain<corev1::Secret>>(Names{"secrets", "secret", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
