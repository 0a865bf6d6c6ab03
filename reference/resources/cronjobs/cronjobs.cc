#include "reference/api/types/batchv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"cronjobs.batch",
                                      [] { return std::make_unique<Plain<batchv1::CronJob>>(Names{"cronjobs", "cronjob", {"cj"}, {"all"}, true}); }};

}  // namespace
}  // namespace plumb::resources
