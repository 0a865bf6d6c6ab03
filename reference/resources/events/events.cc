#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"events",
                                      [] { return std::make_unique<Plain<corev1::Event>>(Names{"events", "event", {"ev"}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
