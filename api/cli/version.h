/* What this program is called. */
#ifndef HK_CLI_VERSION_H
#define HK_CLI_VERSION_H

#define HK_VERSION "0.1.0"
/* The version whose REST API, file formats and verbs hanok speaks. */
#define HK_AIRFLOW_VERSION "3.3.2"

#endif
