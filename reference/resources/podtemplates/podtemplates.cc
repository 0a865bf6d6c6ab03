#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"podtemplates",
                                      [] { return std::make_unique<Plain<corev1::PodTemplate>>(Names{"podtemplates", "podtemplate", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
