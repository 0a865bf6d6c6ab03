#include "reference/api/types/schedulingv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"priorityclasses.scheduling.k8s.io",
                                      [] { return std::make_unique<Plain<schedulingv1::PriorityClass>>(Names{"priorityclasses", "priorityclass", {"pc"}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
