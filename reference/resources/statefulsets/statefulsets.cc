#include "reference/api/types/appsv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"statefulsets.apps",
                                      [] { return std::make_unique<Plain<appsv1::StatefulSet>>(Names{"statefulsets", "statefulset", {"sts"}, {"all"}, true}); }};

}  // namespace
}  // namespace plumb::resources
