//! The command line: the commands, and every setting as a flag that may stand before or after them.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::{database::DatabaseUrl, raw::RawSettings};

/// A self-hosted backend for live sessions: rooms with roles, lasting messages and presence, over REST, Socket.IO
/// and GraphQL.
#[derive(Debug, Parser)]
#[command(
    name = "rondo",
    version,
    after_help = "Each setting may be a flag, a variable of the environment, or a line of a file `.env` in the working \
                  folder;\nthe first of these that names it counts. `rondo config check` shows what is in effect."
)]
pub struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What flags and environment say, unparsed.
    #[command(flatten)]
    pub settings: RawSettings,
}

/// What the program can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Bring the database up to date and serve until SIGTERM or Ctrl-C (also without a command)
    #[default]
    Serve,
    /// Bring the database up to date and exit
    Migrate {
        /// Undo the latest change of the schema instead; what is in its tables is lost
        #[arg(long)]
        down: bool,
    },
    /// Write what is missing of the demo data and exit; not in production
    Seed,
    /// Prove that the data is as the rules want it, without writing; exits with 1 when it is not, 2 when it cannot tell
    Verify,
    /// Copy the SQLite database into a new file, while the server runs
    Backup {
        /// The file; it must not exist.
        file: PathBuf,
    },
    /// Copy a whole instance into an empty, migrated database, and prove that both hold the same
    Copy {
        /// The database to read: sqlite:… or postgres://…
        #[arg(long, value_name = "URL")]
        from: DatabaseUrl,
        /// The database to fill
        #[arg(long, value_name = "URL")]
        to: DatabaseUrl,
    },
    /// Show and check the settings
    Config {
        /// What to do with them.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print the OpenAPI document: REST
    Openapi,
    /// Print the AsyncAPI document: Socket.IO
    Asyncapi,
    /// Print the schema of GraphQL, in its own language
    GraphqlSchema,
    /// Print a page of the documentation, in Markdown
    #[command(hide = true)]
    Docs {
        /// Which.
        page: Page,
    },
    /// Ask a running server whether it is ready, for containers; exits with 0 when it is
    Healthcheck {
        /// The address to ask [default: http://127.0.0.1:4000/health/ready, by HOST and PORT]
        #[arg(long)]
        url: Option<String>,
    },
}

/// A page that is written from the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Page {
    /// The error codes.
    Errors,
    /// The events of Socket.IO.
    Events,
    /// The metrics.
    Metrics,
}

/// What can be done with the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting in effect and where it comes from, then each fault; exits with 2 when there is one
    Check,
}
