#include "reference/api/types/appsv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"deployments.apps",
                                      [] { return std::make_unique<Plain<appsv1::Deployment>>(Names{"deployments", "deployment", {"deploy"}, {"all"}, true}); }};

}  // namespace
}  // namespace plumb::resources
