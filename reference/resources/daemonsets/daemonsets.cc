#include "reference/api/types/appsv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"daemonsets.apps",
                                      [] { return std::make_unique<Plain<appsv1::DaemonSet>>(Names{"daemonsets", "daemonset", {"ds"}, {"all"}, true}); }};

}  // namespace
}  // namespace plumb::resources
