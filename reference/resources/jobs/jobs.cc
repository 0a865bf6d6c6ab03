#include "reference/api/types/batchv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"jobs.batch",
                                      [] { return std::make_unique<Plain<batchv1::Job>>(Names{"jobs", "job", {}, {"all"}, true}); }};

}  // namespace
}  // namespace plumb::resources
