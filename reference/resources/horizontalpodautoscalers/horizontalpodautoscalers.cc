#include "reference/api/types/autoscalingv2.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"horizontalpodautoscalers.autoscaling",
                                      [] { return std::make_unique<Plain<autoscalingv2::HorizontalPodAutoscaler>>(Names{"horizontalpodautoscalers", "horizontalpodautoscaler", {"hpa"}, {"all"}, true}); }};

}  // namespace
}  // namespace plumb::resources
