#include "reference/api/types/appsv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"controllerrevisions.apps",
                                      [] { return std::make_unique<Plain<appsv1::ControllerRevision>>(Names{"controllerrevisions", "controllerrevision", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
