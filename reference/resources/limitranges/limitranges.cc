#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"limitranges",
                                      [] { return std::make_unique<Plain<corev1::LimitRange>>(Names{"limitranges", "limitrange", {"limits"}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
