// Transcripts: the behaviour of controllers as text that people read. A file holds commands, each behind "> ", and below each what happened.
// Controllers run on a cluster in memory under a virtual clock until nothing is left to do. The name "pod-template-hash" values and
// generated suffixes are those of the run: they repeat exactly.
//
//   > start replicaset-controller              runs these controllers
//   > stop                                     all of them, with all that they remember; started again they begin from the API
//   > option node-monitor-grace-period 50s     before start
//   > apply {"apiVersion":"v1","kind":…}       creates the object, or replaces its spec, labels and annotations
//   > status {"apiVersion":"v1","kind":…}      replaces its status
//   > delete pods default/a [Foreground|…]
//   > erase nodes n1                           at once, whatever holds it
//   > kubelet [count]                          pods get a node and become ready (at most count); deleted ones end, and are gone where no finalizer holds them
//   > end Succeeded|Failed COUNT|PREFIX [code] so many running pods, or those whose keys begin so, end; with that exit code where they fail
//   > fail create pods 3                       the next three such calls are refused with InternalError
//   > hold                                     from the next command on caches lag behind, though they see that command itself
//   > release                                  and catch up
//   > advance 10s
//   > show pods                                one line an object
//   > events
//   > quiet                                  calls are no longer shown, but for those that are refused
//   > follow default/web                     from now on what becomes of this Deployment's replicas in the course of `advance`
// and those of transcript_load.h, which say what pods use.
// Each controller acts as its own service account; what that account's role does not allow is refused and shown as "FORBIDDEN".
// Everything that a controller asks of the API is shown after the command that led to it, repeated lines once with their number.
// "ENDLESS" names, in place of its calls, a controller that does not come to an end.
#pragma once

#include <string>
#include <string_view>

namespace plumb::controllers {

// Carries out the commands of a transcript and returns it with what happened.
std::string run_transcript(std::string_view transcript);

}  // namespace plumb::controllers
