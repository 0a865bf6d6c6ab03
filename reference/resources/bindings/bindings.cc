#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_bindings{"bindings",
                                      [] { return std::make_unique<Review<corev1::Binding>>(Names{"bindings", "binding", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
