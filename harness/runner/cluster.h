// What a conformance test is given: a client, a namespace of its own, its manifest, and ways to wait. Used from one thread.
//
// A call that fails against expectation fails the test at the caller's line and ends it (by an exception that the worker catches): a test reads as
// what must happen. Where an error is what must happen, use client() and `refused`.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/base/where.h"
#include "harness/client/rest.h"
#include "harness/client/watch.h"
#include "harness/runner/images.h"
#include "harness/runner/timeouts.h"

namespace plumb::harness {

using client::Client;
using client::Json;
using client::PatchKind;
using client::Query;
using client::Resource;

// What the worker reports to the runner while the test goes on.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void step(const std::string& what) = 0;     // what it is at; shown when it hangs
  virtual void cleanup(const std::string& path) = 0;  // delete this when the test is over, however it ends
  virtual void undo(const std::string& path, PatchKind kind, const Json& patch) = 0;  // then apply this patch
};

// How a client is made: for those of other users.
using Connect = std::function<Result<std::shared_ptr<Client>>(const client::Config&)>;

class Cluster {
 public:
  Cluster(std::shared_ptr<Client> client, std::string space, std::string manifest, Images images, Reporter& reporter, Connect connect);

  Client& client() { return *client_; }
  const std::string& space() const { return space_; }
  const Images& images() const { return images_; }
  Resource in(const std::string& group_version, const std::string& plural) const { return {group_version, plural, space_}; }
  // A name for something outside the namespace, that no other test uses.
  std::string unique(const std::string& name) const { return space_ + "-" + name; }
  // A client of the same cluster that acts as somebody else.
  std::shared_ptr<Client> as(const std::string& user, const std::vector<std::string>& groups = {}, Where where = Where::current());
  std::shared_ptr<Client> with_token(const std::string& token, Where where = Where::current());

  // The document of the test's manifest with that metadata.name, with ${NAMESPACE}, ${IMAGE}, ${IMAGE_V2} and ${name} of
  // `values` replaced in its text.
  Json object(const std::string& name, const std::map<std::string, std::string>& values = {}, Where where = Where::current());
  // Creates it in the namespace of the test; a cluster-scoped object is deleted when the test is over. Answers what the server stored.
  Json create(const Json& object, Where where = Where::current());
  Json apply(const std::string& name, const std::map<std::string, std::string>& values = {}, Where where = Where::current());
  // Every document of the manifest, in order.
  std::vector<Json> apply_manifest(Where where = Where::current());

  // Pods of the test's namespace, which need "image". Each waits until the pod is as said and answers it as it then was.
  Resource pods() const { return in("v1", "pods"); }
  Json start(const std::string& name, const std::map<std::string, std::string>& values = {}, Where where = Where::current());  // apply and await_ready
  Json await_ready(const std::string& pod, Where where = Where::current());
  Json await_end(const std::string& pod, const std::string& phase = "Succeeded", Where where = Where::current());
  // What a container wrote so far; `query`: container, previous, tailLines, …
  std::string logs(const std::string& pod, const Query& query = {}, Where where = Where::current());
  // Runs plumb-test with `words` in the pod.
  client::ExecResult exec(const std::string& pod, std::vector<std::string> words, const std::string& container = {}, Where where = Where::current());
  // The same; it must exit with 0. Answers what it printed, without the last newline.
  std::string output(const std::string& pod, std::vector<std::string> words, const std::string& container = {}, Where where = Where::current());

  // The value, or the test fails here.
  template <class T>
  T must(Result<T> result, Where where = Where::current()) {
    if (!result.ok()) stop(result.error().message, where);
    return std::move(result).value();
  }
  void must(Status status, Where where = Where::current());
  // The error, which must be there with that HTTP status and reason ("" for any).
  template <class T>
  Error refused(Result<T> result, int http_status, const std::string& reason, Where where = Where::current()) {
    if (result.ok()) stop("expected the server to refuse with " + std::to_string(http_status) + " " + reason + ", it accepted", where);
    check_refusal(result.error(), http_status, reason, where);
    return result.error();
  }
  // Fails and ends the test unless `holds`.
  void require(bool holds, const std::string& what, Where where = Where::current());

  // Watches until the condition holds for the object (nullptr while it is absent).
  Json await(const Resource& resource, const std::string& name, const std::string& what, const std::function<bool(const Json*)>& condition,
             Duration timeout = timeouts::object_changes, Where where = Where::current());
  using Objects = std::map<std::string, Json>;
  void await_all(const Resource& resource, const Query& query, const std::string& what, const std::function<bool(const Objects&)>& condition,
                 Duration timeout = timeouts::object_changes, Where where = Where::current());
  void await_gone(const Resource& resource, const std::string& name, Duration timeout = timeouts::object_changes, Where where = Where::current());
  // For what cannot be watched: asks again until it holds.
  void eventually(const std::string& what, const std::function<bool()>& condition, Duration timeout = timeouts::object_changes,
                  Where where = Where::current());
  // Holds now, and all the time until `during` has passed.
  void consistently(const std::string& what, const std::function<bool()>& condition, Duration during = timeouts::nothing_happens,
                    Where where = Where::current());
  // The next event that is not a bookmark.
  client::Event next_event(client::Watch& watch, Where where = Where::current());

  void step(const std::string& what) { reporter_.step(what); }
  // Deletes that path when the test is over, even if the test crashes.
  void clean_up(const Resource& resource, const std::string& name) { reporter_.cleanup(resource.path(name)); }
  // Patches that object when the test is over, even if the test crashes: for what a test changes outside its namespace. Say it before the change.
  void undo(const Resource& resource, const std::string& name, PatchKind kind, const Json& patch, const std::string& subresource = {}) {
    reporter_.undo(resource.path(name, subresource), kind, patch);
  }

 private:
  std::string text_of_manifest(std::map<std::string, std::string> values) const;
  [[noreturn]] void stop(const std::string& message, Where where);
  void check_refusal(const Error& error, int http_status, const std::string& reason, Where where);

  const std::shared_ptr<Client> client_;
  const std::string space_;
  const std::string manifest_;
  const Images images_;
  Reporter& reporter_;
  const Connect connect_;
};

// Thrown to end a test that has already been failed.
struct TestEnded {};

// The value at a JSON pointer ("/status/phase"), or `otherwise`.
Json at(const Json& object, const std::string& pointer, Json otherwise = {});
std::string text_at(const Json& object, const std::string& pointer);
std::int64_t int_at(const Json& object, const std::string& pointer);
// What the pod's status tells of that container, init or not (null when nothing).
Json container_status(const Json& pod, const std::string& container);
// `state`: waiting, running or terminated.
bool container_is(const Json& pod, const std::string& container, const std::string& state);
// status.conditions[type].status == "True"
bool has_condition(const Json& object, const std::string& type, const std::string& status = "True");
inline std::string name_of(const Json& object) { return text_at(object, "/metadata/name"); }
inline std::string version_of(const Json& object) { return text_at(object, "/metadata/resourceVersion"); }

}  // namespace plumb::harness
