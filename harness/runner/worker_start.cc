#include "harness/runner/worker_start.h"

#include <filesystem>

namespace plumb::harness {

std::vector<std::string> worker_command(const Images& images, const cli::Globals& globals) {
  std::vector<std::string> command{std::filesystem::read_symlink("/proc/self/exe").string(), "conformance-worker", "--image", images.first, "--image-v2", images.second};
  if (!globals.kubeconfig.empty()) command.insert(command.end(), {"--kubeconfig", globals.kubeconfig});
  if (!globals.context.empty()) command.insert(command.end(), {"--context", globals.context});
  return command;
}

}  // namespace plumb::harness
