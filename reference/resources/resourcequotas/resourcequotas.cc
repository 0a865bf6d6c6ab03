#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"resourcequotas",
                                      [] { return std::make_unique<Plain<corev1::ResourceQuota>>(Names{"resourcequotas", "resourcequota", {"quota"}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
